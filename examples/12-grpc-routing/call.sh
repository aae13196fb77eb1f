#!/bin/sh
# call.sh HOST:PORT SERVICE/METHOD [curl options]: a unary gRPC call with curl; prints the metadata and the status of the answer.
# A call is a POST over HTTP/2. Each message has a byte 0 and its length in four bytes before it.
gateway=$1 method=$2
shift 2
printf '\0\0\0\0\2hi' |
  curl -s --http2-prior-knowledge -D - -o /dev/null --data-binary @- \
    -H 'content-type: application/grpc' -H 'te: trailers' -H 'host: grpc.example' "$@" "http://$gateway/$method" |
  tr -d '\r'
