"""The indexing process: what it is told, what it runs, and how the server looks after it."""

from veche.app.indexing.supervising import Indexing, NoIndexing, Supervisor

__all__ = ["Indexing", "NoIndexing", "Supervisor"]
