#!/bin/bash -eu
# Builds the harnesses as OSS-Fuzz and ClusterFuzzLite want them, by their variables: compilers and
# flags from $CC, $CXX, $CFLAGS, $CXXFLAGS, the engine from $LIB_FUZZING_ENGINE, sources in $SRC,
# scratch space in $WORK. What belongs in $OUT, for each harness: the program, NAME_seed_corpus.zip,
# NAME.dict, NAME.options; and lib/, the libraries that machines which run harnesses do not have.
#
# ISCSI_HARNESSES: only these, separated by spaces (our own test builds one).
set -o pipefail

source=$SRC/iscsi-reference
build=$WORK/iscsi-reference

# $LIB_FUZZING_ENGINE may be a flag, a library, or several words.
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DISCSI_FUZZ=ON -DISCSI_FUZZ_FLAGS= "-DISCSI_FUZZING_ENGINE=${LIB_FUZZING_ENGINE// /;}" \
  -DISCSI_SANITIZE=OFF -DISCSI_TESTS=OFF -DISCSI_WERROR=OFF \
  '-DCMAKE_BUILD_RPATH=$ORIGIN/lib' \
  "-DCMAKE_EXE_LINKER_FLAGS=${LDFLAGS-} -Wl,--disable-new-dtags" # libraries of libraries, too

all=$(awk '/^[a-z]/ && !/^canary/ { print $1 }' "$source/fuzz/harnesses.txt")
harnesses=${ISCSI_HARNESSES:-$all}
targets=()
for name in $harnesses; do targets+=("fuzz_$name"); done
# The tools that make dictionaries are instrumented like everything else: a leak there is no find.
ASAN_OPTIONS=detect_leaks=0 cmake --build "$build" --target fuzz_dictionaries "${targets[@]}"

# What every machine has: the C and C++ libraries; the loader is named with its path. `check` reads
# this line.
everywhere='^(linux-vdso|.*/ld-linux.*|lib(c|m|dl|rt|resolv|pthread|gcc_s|stdc[+][+]))[.]so'
mkdir -p "$OUT/lib"
# Found where the system has them: beside the program in $build there is no lib/.
libraries() {
  ldd "$build/fuzz/fuzz_$1" | awk '$2 == "=>" && $3 ~ "^/" { print $1, $3 }'
}

while read -r name input longest seeds; do
  [[ " ${targets[*]} " == *" fuzz_$name "* ]] || continue
  cp "$build/fuzz/fuzz_$name" "$OUT/$name"
  libraries "$name" | while read -r library path; do
    [[ $library =~ $everywhere ]] || cp -L "$path" "$OUT/lib/$library"
  done
  # One file for each input, by its content: folders may hold files of the same name.
  corpus=$WORK/corpus_$name
  rm -rf "$corpus" "$OUT/${name}_seed_corpus.zip"
  mkdir -p "$corpus"
  find "$source/$seeds" "$source/corpus/regressions" -type f ! -name README.md -print0 |
    while IFS= read -r -d '' file; do
      cp "$file" "$corpus/$(sha1sum "$file" | cut -c 1-40)"
    done
  (cd "$corpus" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
  [ "$longest" -ge 4096 ] || longest=4096 # whole conversations: as every fourth turn of a campaign
  printf '[libfuzzer]\nmax_len = %s\ntimeout = 25\n' "$longest" >"$OUT/$name.options"
  if [ -f "$build/fuzz/$input.dict" ]; then
    cp "$build/fuzz/$input.dict" "$OUT/$name.dict"
    echo "dict = $name.dict" >>"$OUT/$name.options"
  fi
done < <(grep -E '^[a-z]' "$source/fuzz/harnesses.txt" | grep -v '^canary')
