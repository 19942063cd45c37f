"""What a journal must do when an application moves to another store."""
