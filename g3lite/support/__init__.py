"""What the method stands on and a reader of the paper may skip: pictures, weights, caches."""
