#!/bin/sh
# A shop in a shell, with nothing but curl, by the methods of `billfold daemon`:
#
#   shop.sh invoice ORDER SATOSHI          number and URI of this order's invoice, however often asked
#   shop.sh wait NUMBER                    waits until the invoice is paid, and says how exactly
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

# Satoshi as bitcoin, without a float between.
bitcoin() { printf '%d.%08d' $(($1 / 100000000)) $(($1 % 100000000)); }

# What a field of a result says: RESULT FIELD.
field() { printf '%s\n' "$1" | sed "s/^.*\"$2\":\"\{0,1\}\([^\",}]*\).*$/\1/"; }

# What goes between quotes in JSON must need no quoting.
plain() {
    case $1 in
    '' | *[!A-Za-z0-9._-]*)
        echo "letters, digits, dots and dashes only: $1" >&2
        exit 2
        ;;
    esac
}

# A shell reads other things as numbers too: 010 as eight, 5+5 as ten.
whole() {
    case $1 in
    '' | 0* | *[!0-9]* | ?????????????????*)
        echo "a whole number, with digits only and no zero before them: $1" >&2
        exit 2
        ;;
    esac
}

case ${1-} in
invoice)
    plain "$2"
    whole "$3"
    # An order is known by its key: a call whose answer was lost makes no second invoice.
    made=$(result billfold.invoice.create "{\"amount_sat\":$3,\"label\":\"order-$2\",\"key\":\"order-$2\"}")
    echo "$(field "$made" invoice_id) $(field "$made" uri)"
    ;;
wait)
    whole "$2"
    seen=0
    while :; do
        invoice=$(result billfold.invoice.get "[$2]")
        state=$(field "$invoice" state)
        case $state in
        paid)
            echo "paid $(field "$invoice" payment)"
            exit 0
            ;;
        late | expired | cancelled)
            echo "$state" >&2
            exit 1
            ;;
        esac
        # Comes back when the invoice is further, or after a while.
        news=$(result billfold.events "{\"after\":$seen,\"wait_ms\":$((SHOP_PATIENCE * 500)),\"filter\":{\"invoice_id\":$2}}")
        seen=$(field "$news" next)
    done
    ;;
payout)
    plain "$2"
    plain "$3"
    whole "$4"
    result sendtoaddress "[\"$3\",\"$(bitcoin "$4")\"]" "Idempotency-Key: $2"
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
