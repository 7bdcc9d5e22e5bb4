"""Whether a resource policy refuses everyone without TLS."""

from .documents import Statement


def denies_insecure_transport(item: Statement, actions: frozenset[str]) -> bool:
    """`Deny` for everybody, of at least one of `actions`, when `aws:SecureTransport` is false and on nothing else."""
    keys = {name.lower() for names in item.conditions.values() for name in names}
    return (
        not item.allows
        and not item.excludes
        and any(name == "*" for _, name in item.principals)
        and bool(actions & {action.lower() for action in item.actions})
        and keys == {"aws:securetransport"}
        and [value.lower() for value in item.condition_values("aws:SecureTransport", operators=("Bool",))] == ["false"]
    )
