"""The notebooks as files, their exercises, and where the series is published."""
