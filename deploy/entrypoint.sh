#!/bin/sh
# The scheduler as a container's command. Undo what a run left, before the scheduler starts and after it ends.
set -u

midnight undo || exit
midnight schedule run "$@" &
scheduler=$!
trap 'kill -TERM "$scheduler"' TERM INT
trap 'kill -HUP "$scheduler"' HUP

# `wait` returns on a signal, before the scheduler has ended.
while :; do
    wait "$scheduler"
    code=$?
    kill -0 "$scheduler" 2>/dev/null || break
done

midnight undo || code=$?
exit "$code"
