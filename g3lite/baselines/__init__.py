"""What G3 is compared with."""
