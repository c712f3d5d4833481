package sandbox

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/money"
)

// record is one operation in the book and, for the authorization that it is
// about, what has been done to it since: the totals after this operation.
type record struct {
	Kind      connector.Kind
	Outcome   outcome // approved, declined or actionRequired
	Code      string  // response code
	Generic   bool    // the issuer gave no reason
	Disputed  bool
	Returns   bool // its refunds come back
	Currency  money.Currency
	Last4     string // of the card, to authorize only
	AtMicros  int64  // since 1970
	Settles   int64  // micros since 1970; until then the outcome is pending
	Amount    int64  // minor units, as are all below
	Captured  int64
	Refunded  int64
	Voided    bool
	Root      uint32 // position of the authorization that it is about, counted from 1; 0: none
	Reference string
}

// A record is recordLen bytes: a checksum, nine single fields, six numbers and
// the reference, zero-padded.
const (
	recordLen    = 128
	atCode       = 8
	atLast4      = 10
	atCurrency   = 14
	atNumbers    = 20
	atRoot       = 60
	atReference  = 64
	flagGeneric  = 1
	flagDisputed = 2
	flagVoided   = 4
	flagReturns  = 8
)

var (
	kinds    = []connector.Kind{connector.Authorize, connector.Capture, connector.Void, connector.Refund, connector.Sale, abandon} // in the order of the numbers in the book
	outcomes = []outcome{approved, declined, actionRequired}

	errRecord = errors.New("sandbox: rail.book is damaged")
)

func (r record) encode() (b [recordLen]byte) {
	b[4] = byte(slices.Index(kinds, r.Kind))
	b[5] = byte(slices.Index(outcomes, r.Outcome))
	b[6] = flag(r.Generic, flagGeneric) | flag(r.Disputed, flagDisputed) | flag(r.Voided, flagVoided) | flag(r.Returns, flagReturns)
	b[7] = byte(len(r.Reference))
	copy(b[atCode:atLast4], r.Code)
	copy(b[atLast4:atCurrency], r.Last4)
	copy(b[atCurrency:atNumbers], r.Currency)
	for i, n := range []int64{r.AtMicros, r.Settles, r.Amount, r.Captured, r.Refunded} {
		binary.LittleEndian.PutUint64(b[atNumbers+8*i:], uint64(n))
	}
	binary.LittleEndian.PutUint32(b[atRoot:], r.Root)
	copy(b[atReference:], r.Reference)
	binary.LittleEndian.PutUint32(b[:], crc32.ChecksumIEEE(b[4:]))
	return b
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func decodeRecord(b []byte) (record, error) {
	if binary.LittleEndian.Uint32(b) != crc32.ChecksumIEEE(b[4:recordLen]) ||
		int(b[4]) >= len(kinds) || int(b[5]) >= len(outcomes) || b[7] > connector.ReferenceMax {
		return record{}, errRecord
	}
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[atNumbers+8*i:])) }
	return record{
		Kind: kinds[b[4]], Outcome: outcomes[b[5]],
		Generic: b[6]&flagGeneric != 0, Disputed: b[6]&flagDisputed != 0, Voided: b[6]&flagVoided != 0, Returns: b[6]&flagReturns != 0,
		Code: text(b[atCode:atLast4]), Last4: text(b[atLast4:atCurrency]), Currency: money.Currency(text(b[atCurrency : atCurrency+3])),
		AtMicros: number(0), Settles: number(1), Amount: number(2), Captured: number(3), Refunded: number(4),
		Root:      binary.LittleEndian.Uint32(b[atRoot:]),
		Reference: string(b[atReference : atReference+int(b[7])]),
	}, nil
}

// text is what stands before the zero padding.
func text(b []byte) string {
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// pendingAt reports whether the outcome is still open at that instant.
func (r record) pendingAt(micros int64) bool { return micros < r.Settles }
