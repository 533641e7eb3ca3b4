"""The commands, one file each; bitrow/cli.py registers them."""
