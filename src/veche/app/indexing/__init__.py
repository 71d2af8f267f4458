"""The indexing process: what it is told, what it runs, and how the server looks after it.

Nothing is imported here: the process would load what only the server needs.
"""
