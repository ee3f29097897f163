"""Walks billfold's daemon with python-bitcoinrpc as pip installs it, as a shop's script does.

Told on its command line: URL with the wallet's path, cookie, somebody to pay. What lies outside of
its reach is asked for on standard output; see src/world.rs.
"""

import base64
import http.client
import sys
from decimal import Decimal
from urllib.parse import urlparse

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

URL, COOKIE, STRANGER = sys.argv[1:]


def enter(login=None):
    if login is None:
        with open(COOKIE, encoding="ascii") as file:
            login = file.read().strip()
    return AuthServiceProxy(URL.replace("http://", f"http://{login}@"), timeout=120)


def please(wish):
    print(wish, flush=True)
    answer = sys.stdin.readline().strip()
    assert answer == "done", (wish, answer)


def code(call, *arguments):
    try:
        told = call(*arguments)
    except JSONRPCException as error:
        return error.code
    raise AssertionError(f"it went well: {told}")


def informs(rpc):
    chain = rpc.getblockchaininfo()
    assert chain["chain"] == "regtest" and not chain["initialblockdownload"], chain
    assert chain["blocks"] == rpc.getblockcount()
    assert chain["bestblockhash"] == rpc.getblockhash(chain["blocks"])
    assert rpc.getblockheader(chain["bestblockhash"])["confirmations"] == 1
    assert rpc.getnetworkinfo()["version"] == 310000
    assert rpc.getwalletinfo()["walletname"] == "main"
    assert rpc.listwallets() == ["main"]
    assert "getbalance" in rpc.help()


def receives_and_pays(rpc):
    before, start = rpc.getbestblockhash(), rpc.getbalance()
    assert isinstance(start, Decimal) and -start.as_tuple().exponent == 8, start
    address = rpc.getnewaddress("café")
    assert rpc.getaddressinfo(address)["labels"] == ["café"]
    please(f"pay {address} 10000000")
    assert rpc.getreceivedbyaddress(address) == Decimal("0.1")
    assert rpc.getreceivedbylabel("café") == Decimal("0.1")
    assert rpc.getbalance("*", 1) == start + Decimal("0.1")
    (coin,) = rpc.listunspent(1, 9999999, [address])
    assert coin["amount"] == Decimal("0.1"), coin

    # Sent as a float, which is what this client makes of a Decimal.
    txid = rpc.sendtoaddress(STRANGER, Decimal("0.02"), "rent")
    many = rpc.sendmany("", {STRANGER: Decimal("0.01")})
    paid = rpc.gettransaction(txid)
    assert paid["amount"] == Decimal("-0.02") and paid["confirmations"] == 0, paid
    assert paid["comment"] == "rent", paid
    please("mine 2")
    assert rpc.gettransaction(txid)["confirmations"] == 1
    assert rpc.gettransaction(many)["confirmations"] == 1
    since = rpc.listsinceblock(before)
    assert since["lastblock"] == rpc.getbestblockhash()
    assert {item["txid"] for item in since["transactions"]} >= {txid, many, coin["txid"]}
    assert rpc.listsinceblock(since["lastblock"])["transactions"] == []
    assert [item["amount"] for item in rpc.listtransactions("café")] == [Decimal("0.1")]


def fails_in_order(rpc):
    assert code(rpc.getblockhash, 10**6) == -8
    assert code(rpc.getrawmempool) == -32601
    assert code(rpc.nope) == -32601
    assert code(rpc.sendtoaddress, "x", 1) == -5
    assert code(rpc.sendtoaddress, STRANGER, 20000) == -6
    assert code(rpc.getblockhash, "1") == -3


def answers_batches(rpc):
    # It asks by 2.0 and then wants an `error` in every reply, which 2.0 forbids: with Bitcoin Core
    # since 28 it breaks here too (jgarzik/python-bitcoinrpc#112). What was asked is carried out.
    try:
        told = rpc.batch_([["getblockcount"], ["getbalance"]])
    except KeyError as missing:
        assert missing.args == ("error",), missing
    else:
        raise AssertionError(f"the client was mended, so read its batches: {told}")


def lets_in_who_knows_the_cookie(rpc):
    # A reply that is not JSON is -342 to this client, whatever its status is.
    assert code(enter("__cookie__:guessed").getblockcount) == -342
    please("restart")
    place = urlparse(URL)
    connection = http.client.HTTPConnection(place.hostname, place.port)
    old = base64.b64encode(b"__cookie__:old").decode()
    connection.request("POST", place.path, "{}", {"Authorization": f"Basic {old}"})
    assert connection.getresponse().status == 401
    assert enter().getwalletinfo()["txcount"] > 0


RPC = enter()
informs(RPC)
receives_and_pays(RPC)
fails_in_order(RPC)
answers_batches(RPC)
lets_in_who_knows_the_cookie(RPC)
