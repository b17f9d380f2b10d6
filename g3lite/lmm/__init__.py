"""Large multimodal models: one interface, and runs over many photos that lose nothing."""
