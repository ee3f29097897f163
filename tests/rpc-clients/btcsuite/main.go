// Walks billfold's daemon with btcsuite's rpcclient as it is, as lnd and others use it.
//
// Told on its command line: host with the wallet's path, cookie, somebody to pay. What lies outside
// of its reach is asked for on standard output; see ../src/world.rs.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/rpcclient"
)

var (
	url      = strings.TrimPrefix(os.Args[1], "http://")
	cookie   = os.Args[2]
	stranger = os.Args[3]
	answers  = bufio.NewReader(os.Stdin)
)

func main() {
	client := enter(config())
	informs(client)
	receivesAndPays(client)
	failsInOrder(client)
	answersBatches()
	letsInWhoKnowsTheCookie(client)
}

func config() *rpcclient.ConnConfig {
	return &rpcclient.ConnConfig{
		Host:         url,
		CookiePath:   cookie,
		Params:       chaincfg.RegressionNetParams.Name,
		HTTPPostMode: true,
		DisableTLS:   true,
	}
}

func enter(config *rpcclient.ConnConfig) *rpcclient.Client {
	client, err := rpcclient.New(config, nil)
	well(err)
	return client
}

func informs(client *rpcclient.Client) {
	// It asks for getinfo first, and takes -32601 for a Bitcoin Core.
	version, err := client.BackendVersion()
	well(err)
	holds(version.String() == rpcclient.BitcoindPost25.String(), version)
	chain, err := client.GetBlockChainInfo()
	well(err)
	holds(chain.Chain == "regtest" && !chain.InitialBlockDownload, chain)
	count, err := client.GetBlockCount()
	well(err)
	holds(count == int64(chain.Blocks), count)
	hash, err := client.GetBlockHash(count)
	well(err)
	holds(hash.String() == chain.BestBlockHash, hash)
	header, err := client.GetBlockHeader(hash)
	well(err)
	holds(header.BlockHash() == *hash, header)
	verbose, err := client.GetBlockHeaderVerbose(hash)
	well(err)
	holds(verbose.Confirmations == 1, verbose)
	wallet, err := client.GetWalletInfo()
	well(err)
	holds(wallet.WalletName == "main", wallet)
}

func receivesAndPays(client *rpcclient.Client) {
	before, err := client.GetBestBlockHash()
	well(err)
	start, err := client.GetBalance("*")
	well(err)
	own, err := client.GetNewAddress("shop")
	well(err)
	known, err := client.GetAddressInfo(own.EncodeAddress())
	well(err)
	holds(known.IsMine && known.Solvable, known)
	please("pay " + own.EncodeAddress() + " 10000000")
	received, err := client.GetReceivedByAddress(own)
	well(err)
	holds(received == 10_000_000, received)
	balance, err := client.GetBalanceMinConf("*", 1)
	well(err)
	holds(balance == start+received, balance)
	coins, err := client.ListUnspentMinMaxAddresses(1, 9_999_999, []address.Address{own})
	well(err)
	holds(len(coins) == 1 && coins[0].Amount == 0.1, coins)

	other, err := address.DecodeAddress(stranger, &chaincfg.RegressionNetParams)
	well(err)
	txid, err := client.SendToAddressComment(other, btcutil.Amount(2_000_000), "rent", "")
	well(err)
	paid, err := client.GetTransaction(txid)
	well(err)
	holds(paid.Amount == -0.02 && paid.Confirmations == 0, paid)
	balances, err := client.GetBalances()
	well(err)
	fee, err := btcutil.NewAmount(paid.Fee)
	well(err)
	trusted, err := btcutil.NewAmount(balances.Mine.Trusted)
	well(err)
	holds(trusted == balance-2_000_000+fee, balances)
	please("mine 1")
	paid, err = client.GetTransaction(txid)
	well(err)
	holds(paid.Confirmations == 1 && paid.BlockHash != "", paid)

	since, err := client.ListSinceBlock(before)
	well(err)
	last, err := client.GetBestBlockHash()
	well(err)
	holds(since.LastBlock == last.String() && len(since.Transactions) == 2, since)
	list, err := client.ListTransactionsCount("*", 1)
	well(err)
	holds(len(list) == 1 && list[0].TxID == txid.String(), list)
	valid, err := client.ValidateAddress(own)
	well(err)
	holds(valid.IsValid, valid)
}

func failsInOrder(client *rpcclient.Client) {
	_, err := client.GetBlockHash(1_000_000)
	holds(code(err) == -8, err)
	_, err = client.GetRawMempool()
	holds(code(err) == -32601, err)
	_, err = client.RawRequest("nope", nil)
	holds(code(err) == -32601, err)
	_, err = client.RawRequest("sendtoaddress", []json.RawMessage{[]byte(`"x"`), []byte(`1`)})
	holds(code(err) == -5, err)
}

func answersBatches() {
	client, err := rpcclient.NewBatch(config())
	well(err)
	count := client.GetBlockCountAsync()
	unknown := client.GetRawMempoolAsync()
	balance := client.GetBalanceAsync("*")
	well(client.Send())
	_, err = count.Receive()
	well(err)
	_, err = unknown.Receive()
	holds(code(err) == -32601, err)
	_, err = balance.Receive()
	well(err)
}

func letsInWhoKnowsTheCookie(client *rpcclient.Client) {
	wrong := config()
	wrong.CookiePath, wrong.User, wrong.Pass = "", "__cookie__", "guessed"
	_, err := enter(wrong).GetBlockCount()
	holds(err != nil && strings.Contains(err.Error(), "401"), err)
	please("restart")
	_, err = client.GetBlockCount()
	holds(err != nil && strings.Contains(err.Error(), "401"), err)
	// It looks at the file every 30 seconds; a new one looks at once.
	wallet, err := enter(config()).GetWalletInfo()
	well(err)
	holds(wallet.TransactionCount > 0, wallet)
}

func code(err error) btcjson.RPCErrorCode {
	var told *btcjson.RPCError
	if errors.As(err, &told) {
		return told.Code
	}
	return 0
}

func please(wish string) {
	fmt.Println(wish)
	answer, err := answers.ReadString('\n')
	well(err)
	holds(strings.TrimSpace(answer) == "done", answer)
}

func well(err error) {
	if err != nil {
		panic(err)
	}
}

func holds(it bool, about any) {
	if !it {
		panic(fmt.Sprintf("it does not hold: %+v", about))
	}
}
