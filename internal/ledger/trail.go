package ledger

import (
	"encoding/binary"
	"math/bits"

	"github.com/florinpay/florin/internal/id"
)

// Side is what a transfer knows of one of its two accounts: the balances after it,
// in minor units, and the way back through the account's transfers.
//
// The account's transfers have ranks 1, 2, 3 … Prev is the number of the one before;
// Skip is that of the rank with the lowest bit cleared (of rank 12, that is 1100, it
// is rank 8), 0 for none. So a list is read backwards and a moment of long ago is
// found in a few dozen steps, without an index into which every transfer would have to
// be entered twice, at random places.
type Side struct {
	Account id.Account
	Posted  int64
	HeldOut int64
	HeldIn  int64
	Rank    int64
	Prev    int64
	Skip    int64
}

// trail is an account's way back, as its row keeps it: the numbers of the transfers
// whose ranks are left when the lowest bits of the newest rank are cleared one after
// another, the oldest first. Varints (encoding/binary), each less the one before it.
type trail []byte

// numbers decodes the trail; nil if it is damaged.
func (t trail) numbers() []int64 {
	list, last := make([]int64, 0, 24), int64(0)
	for len(t) > 0 {
		step, n := binary.Uvarint(t)
		if n <= 0 {
			return nil
		}
		last += int64(step) //nolint:gosec // a damaged one is found by Verify
		list, t = append(list, last), t[n:]
	}
	return list
}

// last is the number of the newest transfer, 0 if there is none.
func (t trail) last() int64 {
	if list := t.numbers(); len(list) > 0 {
		return list[len(list)-1]
	}
	return 0
}

// join makes s the newest transfer on the trail, with its number, and gives the
// trail that leads on from it. s.Rank is set already.
func (t trail) join(s *Side, number int64) trail {
	list := t.numbers()
	if len(list) > 0 {
		s.Prev = list[len(list)-1]
	}
	list = list[:max(0, len(list)-bits.TrailingZeros64(uint64(s.Rank)))] //nolint:gosec // a rank is positive
	if len(list) > 0 {
		s.Skip = list[len(list)-1]
	}
	var out []byte
	last := int64(0)
	for _, n := range append(list, number) {
		out = binary.AppendUvarint(out, uint64(n-last)) //nolint:gosec // numbers rise
		last = n
	}
	return out
}
