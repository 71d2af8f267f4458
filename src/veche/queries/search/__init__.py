"""Search: which results, in which order and groups, with what around them. Only what the asker may see."""

from veche.queries.search.answering import search
from veche.queries.search.wish import ContextWish, SearchWish

__all__ = ["ContextWish", "SearchWish", "search"]
