"""What is read once a second: how far each part is behind, and how much is stored."""
