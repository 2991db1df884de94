"""placeholder"""


class Cache: ...
