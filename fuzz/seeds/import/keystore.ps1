$keystore = "base64:hd4oVkAy+OLKbskUDtJOtufEc4xyIaXMk7GfBDgUYdPQ0Imp9xzS51dB0uyKAVBGGYZZOyI+1twVr+LiizhkV2RTVT+VQ8RrO0+BrD5kDagwarLfvmHOkupA0JBtqdvP5qhiYPoJ9OJIV2DVcaqP582xNY4ek2EVabjCx7ICQ00viR8bRdxQTsQejK9yl99Shk9B8mK2"
$client_id = "a"
$Env = "test"
