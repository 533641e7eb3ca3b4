"""Energy from counted events."""
