#!/bin/bash -eu
exec "$SRC/iscsi-reference/fuzz/oss-fuzz/build.sh"
