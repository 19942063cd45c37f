"""What an operator does with an application's stores, for the command line and the console alike.

Functions take opened stores and typed arguments, give typed values, and raise Actum's errors; none of them
prints.
"""
