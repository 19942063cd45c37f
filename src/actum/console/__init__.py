"""The console, under `/-/console`: pages for operators, which do what they do through `operations/`."""
