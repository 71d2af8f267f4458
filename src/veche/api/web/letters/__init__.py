"""Pages about letters: ``forgetting`` asks for one and takes its code, ``links`` is what stands behind its link,
``ending`` ends those about what is unread.
"""

from veche.api.web.letters import ending, forgetting, links

ENDPOINTS = (*ending.ENDPOINTS, *forgetting.ENDPOINTS, *links.ENDPOINTS)
