"""Energy from counted events. Nothing here yet."""
