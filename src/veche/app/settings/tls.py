"""Settings about HTTPS: certificates and the page that explains how to trust them."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = ()
