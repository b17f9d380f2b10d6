"""How everything in data/ is made: models, replies, predictions, and their manifest."""
