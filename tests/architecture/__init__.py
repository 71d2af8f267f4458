"""The laws of the code, proved from its syntax tree."""
