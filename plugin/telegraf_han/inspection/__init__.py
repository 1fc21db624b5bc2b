"""Looks at telegrams for a person: which meters are in range, what a capture holds, which key is wrong, a capture without names.

Pure, like `decoding`. May import `decoding`, `config`, `receivers`, the protocols and what lies below them, but not `live`.
"""
