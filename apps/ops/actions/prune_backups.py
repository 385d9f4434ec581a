"""Keep the newest backups of each reason."""

from __future__ import annotations

from collections import Counter

from apps.ops.gateways import backup_folder


def prune_backups(*, keep: int) -> list[str]:
    """Remove all but the newest `keep` backups of each reason and return what went.

    A folder whose manifest cannot be read is kept: somebody should look at it.
    """
    seen: Counter[str] = Counter()
    gone = []
    for manifest in backup_folder.summaries():
        seen[manifest.reason] += 1
        if seen[manifest.reason] > keep:
            backup_folder.remove(manifest.name)
            gone.append(manifest.name)
    return gone
