"""What an application, its stores and this machine are examined for, a file for each subject."""
