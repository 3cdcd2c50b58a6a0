"""Any JSON value that an answer may hold, for Hypothesis; `Response.json` refuses other numbers."""

from hypothesis import strategies as st

from groupadd.wire.json_text import LARGEST_INTEGER

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
