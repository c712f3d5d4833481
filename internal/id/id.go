package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// The nouns of the platform.
type (
	Account   string // acct_: a ledger account
	APIKey    string // key_
	Attempt   string // att_: one try at a connector
	Card      string // card_: the token of a card in the vault
	Client    string // client_: an OAuth client
	Delivery  string // dlv_: an event on its way to an endpoint
	Dispute   string // dsp_
	Endpoint  string // we_: where events are delivered to
	Event     string // evt_
	Grant     string // grant_: what a person allowed a client
	Job       string // job_
	Merchant  string // mer_
	Payer     string // payer_
	Passkey   string // passkey_
	Payment   string // pay_
	Person    string // person_
	Quote     string // quote_
	Record    string // rec_: a line of the audit trail
	Refund    string // ref_
	Request   string // req_
	Session   string // ses_
	Statement string // stmt_: of one merchant, day, currency and mode
	Transfer  string // xfer_
	Wallet    string // wal_
)

// Noun is an id type of this package.
type Noun interface {
	~string
	Prefix() string
}

func (Account) Prefix() string   { return "acct" }
func (APIKey) Prefix() string    { return "key" }
func (Attempt) Prefix() string   { return "att" }
func (Card) Prefix() string      { return "card" }
func (Client) Prefix() string    { return "client" }
func (Delivery) Prefix() string  { return "dlv" }
func (Dispute) Prefix() string   { return "dsp" }
func (Endpoint) Prefix() string  { return "we" }
func (Event) Prefix() string     { return "evt" }
func (Grant) Prefix() string     { return "grant" }
func (Job) Prefix() string       { return "job" }
func (Merchant) Prefix() string  { return "mer" }
func (Payer) Prefix() string     { return "payer" }
func (Passkey) Prefix() string   { return "passkey" }
func (Payment) Prefix() string   { return "pay" }
func (Person) Prefix() string    { return "person" }
func (Quote) Prefix() string     { return "quote" }
func (Record) Prefix() string    { return "rec" }
func (Refund) Prefix() string    { return "ref" }
func (Request) Prefix() string   { return "req" }
func (Session) Prefix() string   { return "ses" }
func (Statement) Prefix() string { return "stmt" }
func (Transfer) Prefix() string  { return "xfer" }
func (Wallet) Prefix() string    { return "wal" }

const bodyLen = 26 // 128 bits in base32, two zero bits in front

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford: no i, l, o, u

// New makes an id at the instant now. Ids made by one process at the same
// millisecond still sort in the order they were made.
func New[T Noun](now time.Time) T {
	var u [16]byte
	if _, err := rand.Read(u[:]); err != nil {
		panic("id: no randomness: " + err.Error()) // crypto/rand never fails on Linux
	}
	tick := nextTick(now)
	binary.BigEndian.PutUint64(u[:8], tick>>12<<16|7<<12|tick&0xfff)
	u[8] = u[8]&0x3f | 0x80
	return build[T](u)
}

// Derive makes the id that belongs to parts, always the same one: a UUIDv8
// (RFC 9562 §5.8) of their SHA-256. Parts must not contain '|'.
func Derive[T Noun](parts ...string) T {
	u := digest(parts)
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return build[T](u)
}

// DeriveAt is [Derive] for what happens at an instant: such ids sort by it, to the
// millisecond.
func DeriveAt[T Noun](at time.Time, parts ...string) T {
	u := digest(parts)
	ms := uint64(max(at.UnixMilli(), 0)) //nolint:gosec // not negative
	binary.BigEndian.PutUint64(u[:8], ms<<16|8<<12|uint64(u[6]&0x0f)<<8|uint64(u[7]))
	u[8] = u[8]&0x3f | 0x80
	return build[T](u)
}

// digest is the beginning of the parts' SHA-256.
func digest(parts []string) (u [16]byte) {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{'|'})
	}
	copy(u[:], h.Sum(nil))
	return u
}

// Valid reports whether s has the form of a T's id. It says nothing of whether
// such an object exists.
func Valid[T Noun](s T) bool {
	p := s.Prefix()
	if len(s) != len(p)+1+bodyLen || string(s[:len(p)]) != p || s[len(p)] != '_' {
		return false
	}
	for i, c := range []byte(s[len(p)+1:]) {
		if digit[c] == 0xff || i == 0 && digit[c] > 7 {
			return false
		}
	}
	return true
}

// Has reports whether s begins with T's prefix: enough to tell a wallet from a
// card token.
func Has[T Noun](s string) bool {
	var t T
	p := t.Prefix()
	return len(s) > len(p) && s[:len(p)] == p && s[len(p)] == '_'
}

var digit = func() (d [256]byte) {
	for i := range d {
		d[i] = 0xff
	}
	for i := range len(alphabet) {
		d[alphabet[i]] = byte(i)
	}
	return d
}()

func build[T Noun](u [16]byte) T {
	var t T
	p := t.Prefix()
	b := make([]byte, len(p)+1+bodyLen)
	copy(b, p)
	b[len(p)] = '_'
	hi, lo := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	for i := len(b) - 1; i > len(p); i-- {
		b[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return T(b)
}

var (
	tickMu   sync.Mutex
	lastTick uint64
)

// nextTick is milliseconds since 1970 with 12 bits of sub-millisecond counter
// below, strictly increasing within the process (RFC 9562 §6.2 method 3).
func nextTick(now time.Time) uint64 {
	tick := uint64(now.UnixMilli())<<12 | uint64(now.Nanosecond()%1e6)*4096/1e6
	tickMu.Lock()
	defer tickMu.Unlock()
	if tick <= lastTick && lastTick-tick < 1<<22 { // a clock stepped back by over a second starts a new order
		tick = lastTick + 1
	}
	lastTick = tick
	return tick
}

// Between gives the ids around every T made from one instant to another, both
// included: they lie over the one and under the other. A zero instant is no bound and
// gives "". Ids run ahead of a clock that has stepped back, so ids made up to a second
// before or after may lie between as well.
func Between[T Noun](from, to time.Time) (over, under T) {
	if !from.IsZero() {
		over = earliest[T](from)
	}
	if !to.IsZero() {
		under = earliest[T](to.Add(aheadMax))
	}
	return over, under
}

// aheadMax is more than an id is ahead of the clock it was made by, see nextTick.
const aheadMax = (1<<22/4096 + 2) * time.Millisecond

// earliest sorts before every id that is made at the millisecond of at.
func earliest[T Noun](at time.Time) T {
	var u [16]byte
	ms := uint64(max(at.UnixMilli(), 0)) //nolint:gosec // not negative
	binary.BigEndian.PutUint64(u[:8], ms<<16|7<<12)
	return build[T](u)
}
