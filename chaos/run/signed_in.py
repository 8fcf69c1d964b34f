"""A target's handles with what its session gives: tokens for the load, the read-back and everything else."""

from __future__ import annotations

import logging
from dataclasses import replace

from chaos.errors import UsageError
from chaos.load import session
from chaos.plugin.handles import Handles
from chaos.spec.target import Target

log = logging.getLogger(__name__)


def signed_in(target: Target, handles: Handles) -> Handles:
    """Make the calls of the session. `handles` are the driver's own. Blocks. Raises UsageError."""
    taken = session.open(target, handles.base_url, handles.headers)
    return replace(handles, headers=taken.headers, taken=taken.values)


def signed_in_again(target: Target, handles: Handles) -> Handles:
    """The same after the play, since tokens expire; `handles` if the target does not let midnight in now. Blocks."""
    theirs = {name.lower() for name in target.headers}
    headers = {name: value for name, value in handles.headers.items() if name.lower() not in theirs}
    try:
        return signed_in(target, replace(handles, headers=headers))
    except UsageError as error:
        log.debug("the session after the play: %s", error)
        return handles
