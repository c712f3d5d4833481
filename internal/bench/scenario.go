package bench

// Scenario names what is measured.
type Scenario string

// The scenarios of florin bench, in the order in which a table shows them.
const (
	CeilingNone   Scenario = "ceiling_none"
	CeilingLog    Scenario = "ceiling_log"
	Wallet64      Scenario = "wallet_64"
	Wallet256     Scenario = "wallet_256"
	WalletHot     Scenario = "wallet_hot"
	WalletRetries Scenario = "wallet_retries_5pct"
	WalletSingle  Scenario = "wallet_unbatched"
	WalletAlone   Scenario = "wallet_alone"
	Card64        Scenario = "card_64"
	WalletToken   Scenario = "wallet_token_64"
	ClientToken   Scenario = "client_token_64"
	Attached      Scenario = "wallet_64_streams"
	StreamLatency Scenario = "stream_latency"
	StreamsIdle   Scenario = "streams_idle"
	WebhookFirst  Scenario = "webhook_first"
	Memory1M      Scenario = "memory_1m"
	Store10M      Scenario = "store_10m"
	Start1M       Scenario = "start_1m"
	List1M        Scenario = "list_1m"
	List1MPaced   Scenario = "list_1m_paced"
	List1MApart   Scenario = "list_1m_apart"
)

var scenarios = []struct {
	name  Scenario
	about string
}{
	{CeilingNone, "A server that reads the payment's JSON and writes an answer, and does nothing else: the cost of HTTP and JSON alone."},
	{CeilingLog, "The same with balances in memory and one append per payment, a single fdatasync for all that wait: what any durable single-writer server could reach here."},
	{Wallet64, "Durable wallet payments to one merchant over 64 connections, the wallets drawn uniformly: the main figure."},
	{Wallet256, "As wallet_64 over 256 connections: does more waiting make bigger batches or only longer queues?"},
	{WalletHot, "As wallet_64 with every payment out of one wallet to one merchant: two accounts take all the postings."},
	{WalletRetries, "As wallet_64 where 5 % of the requests repeat the connection's last one with the same idempotency key and must get the same answer."},
	{WalletSingle, "As wallet_64 with one transaction per request: what group commit is worth."},
	{WalletAlone, "One connection, one payment at a time: what a lonely caller waits for."},
	{Card64, "Card payments through the sandbox acquirer over 64 connections: two commits and one network call each."},
	{WalletToken, "As wallet_64 with a client's access token (a JWT) instead of an API key."},
	{ClientToken, "Access tokens for clients with a secret (client_credentials) over 64 connections."},
	{Attached, "As wallet_64 with 100 streams of events attached, which wait for a type that does not happen."},
	{StreamLatency, "How late the events of 2,000 payments a second come to a stream, from before their commit: written down, made durable, sent, received."},
	{StreamsIdle, "Resident memory of the server with 10,000 streams of events that wait."},
	{WebhookFirst, "How late the first attempts of 500 deliveries a second come, to 50 endpoints of which 5 never answer."},
	{Memory1M, "Resident memory of the server after 1,000,000 payments."},
	{Store10M, "As wallet_64 with as many payments stored as is noted, in turns with an empty store (of plain): does it slow down as it fills?"},
	{Start1M, "Time from start to ready with 1,000,000 payments stored."},
	{List1M, "The newest 100 of 1,000,000 stored payments, listed over 64 connections as fast as they come: 63 KB each."},
	{List1MApart, "As list_1m, each page from another place among them: few callers ask for the same at a time."},
	{List1MPaced, "The newest page at 1,000 a second: what a caller waits for while the machine is not full."},
}

// Scenarios lists all scenarios in that order.
func Scenarios() []Scenario {
	all := make([]Scenario, len(scenarios))
	for i, s := range scenarios {
		all[i] = s.name
	}
	return all
}

// About says in a sentence what the scenario measures; empty for an unknown one.
func (s Scenario) About() string {
	for _, known := range scenarios {
		if known.name == s {
			return known.about
		}
	}
	return ""
}
