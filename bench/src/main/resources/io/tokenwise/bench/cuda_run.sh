#!/bin/sh
# Runs bench cuda of this folder: checks and tables of backend cuda on this machine's card. Needs NVIDIA's driver, and NVRTC only if there are no kernels in
# cache/ for the card. Arguments go to bench cuda. Results are written to $OUT, or ./out without it: cuda.json, cuda.html, cuda.txt, cuda.log.
set -u
here=$(cd "$(dirname "$0")" && pwd -P)
out=${OUT:-out}
mkdir -p "$out" || exit 1

if [ ! -x "$here/jre/bin/java" ]; then
  tar -C "$here" -xJf "$here/jre.tar.xz" 2>/dev/null ||
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/jre.tar.xz" "$here" || exit 1
fi

# Models that the folder has left out are those of the repository that it lies in.
classes="$here/lib/*"
for model in minilm-acm vit-cifar10; do
  if [ ! -e "$here/lib/$model.jar" ]; then classes=$classes:$here/../$model/src/main/resources; fi
done

# NVIDIA's libraries as Python's wheels bring them (cuBLASLt is the yardstick), and as its toolkit does.
python=${PYTHON:-python3}
folders=/usr/local/cuda/lib64
sites=$("$python" -c 'import sys; print("\n".join(p for p in sys.path if p))' 2>/dev/null)
for site in $sites; do
  for libraries in "$site"/nvidia/*/lib; do
    if [ -d "$libraries" ]; then folders=$folders:$libraries; fi
  done
done

# TOKENWISE_JAVA_OPTS comes last: what it sets is what counts.
"$here/jre/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -Xmx4g \
  -Dtokenwise.cuda.path="$folders" -Dtokenwise.cache="$here/cache" -Dtokenwise.python="$python" \
  -Dtokenwise.commit="$(cat "$here/commit")" ${TOKENWISE_JAVA_OPTS:-} -cp "$classes" io.tokenwise.bench.CudaCommand \
  --texts "$here/texts.txt" --results "$out" "$@" >"$out/cuda.txt" 2>"$out/cuda.log"
code=$?
cat "$out/cuda.txt"
tail -n 40 "$out/cuda.log" >&2
exit $code
