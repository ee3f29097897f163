#!/bin/sh
# A shop in a shell, with nothing but curl, by Bitcoin Core's methods of `billfold daemon`:
#
#   shop.sh invoice ORDER                  an address for this order, told again when asked again
#   shop.sh wait ADDRESS SATOSHI           waits until so much was paid in a block
#   shop.sh payout KEY ADDRESS SATOSHI     pays once for each key, however often it is asked
#
# SHOP_URL is the wallet's, such as http://127.0.0.1:8332/wallet/main, and SHOP_COOKIE the daemon's
# cookie. A call that was not answered within SHOP_PATIENCE seconds is made again.
set -eu

: "${SHOP_PATIENCE:=30}" "${SHOP_TRIES:=5}"

# Calls a method: METHOD PARAMS [HEADER]. The login goes by standard input, where other users of the
# machine can't read it.
call() {
    printf 'user = "%s"\n' "$(cat "$SHOP_COOKIE")" |
        curl --silent --show-error --config - --max-time "$SHOP_PATIENCE" \
            --header 'Content-Type: application/json' ${3:+--header "$3"} \
            --data-binary "{\"id\":\"shop\",\"method\":\"$1\",\"params\":$2}" "$SHOP_URL"
}

# Calls again until there is an answer, and prints the result; an error ends the shop's command.
result() {
    tries=$SHOP_TRIES
    until reply=$(call "$@"); do
        tries=$((tries - 1))
        if [ "$tries" -le 0 ]; then
            echo "no answer; asking again later is safe" >&2
            exit 75
        fi
    done
    case $reply in
    *'"error":null'*) printf '%s\n' "$reply" | sed 's/^{"result"://; s/,"error":null.*$//; s/^"\(.*\)"$/\1/' ;;
    *)
        printf '%s\n' "$reply" >&2
        exit 1
        ;;
    esac
}

# Satoshi as bitcoin, and back, without a float between.
bitcoin() { printf '%d.%08d' $(($1 / 100000000)) $(($1 % 100000000)); }
satoshi() { printf '%s\n' "$1" | tr -d . | sed 's/^0*\(.\)/\1/'; }

# What goes between quotes in JSON must need no quoting.
plain() {
    case $1 in
    '' | *[!A-Za-z0-9._-]*)
        echo "letters, digits, dots and dashes only: $1" >&2
        exit 2
        ;;
    esac
}

case ${1-} in
invoice)
    plain "$2"
    # What was given out for this order already. -11 says that nothing was.
    known=$(result getaddressesbylabel "[\"order-$2\"]" 2>/dev/null) || known=
    address=$(printf '%s\n' "$known" | sed -n 's/^{"\([a-z0-9]*\)".*/\1/p')
    if [ -n "$address" ]; then
        echo "$address"
    else
        result getnewaddress "[\"order-$2\"]"
    fi
    ;;
wait)
    plain "$2"
    while [ "$(satoshi "$(result getreceivedbyaddress "[\"$2\",1]")")" -lt "$3" ]; do
        sleep 1
    done
    ;;
payout)
    plain "$2"
    plain "$3"
    result sendtoaddress "[\"$3\",\"$(bitcoin "$4")\"]" "Idempotency-Key: $2"
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
