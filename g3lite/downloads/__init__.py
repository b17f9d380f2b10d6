"""Files from the Hugging Face Hub and the web: photos and models alike come through here."""
