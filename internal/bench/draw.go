package bench

import (
	"math/rand/v2"
	"strconv"
)

// Body appends one request's body to buf and returns it. It is called by one
// connection at a time with that connection's own draw.
type Body func(d *Draw, buf []byte) []byte

// Payment makes bodies that create a payment of 1 to 100 minor units of currency
// (ISO 4217), its source drawn uniformly from sources: ids of wallets or tokens of
// cards. They are written as they are, so they must need no JSON escapes.
func Payment(currency string, sources []string) Body {
	return func(d *Draw, buf []byte) []byte {
		buf = append(buf, `{"amount":`...)
		buf = strconv.AppendInt(buf, d.Between(1, 100), 10)
		buf = append(buf, `,"currency":"`...)
		buf = append(buf, currency...)
		buf = append(buf, `","source":"`...)
		buf = append(buf, d.Pick(sources)...)
		return append(buf, `"}`...)
	}
}

// Draw is one connection's chance. The seed decides everything but the idempotency
// keys: runs with the same seed must not be each other's retries.
type Draw struct {
	rng  *rand.Rand
	keys *rand.Rand
}

func newDraw(seed, connection uint64) *Draw {
	return &Draw{
		rng:  rand.New(rand.NewPCG(seed, connection)),
		keys: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
}

// Between draws a whole number in [low, high].
func (d *Draw) Between(low, high int64) int64 { return low + d.rng.Int64N(high-low+1) }

// Pick draws one of list uniformly; empty for an empty list.
func (d *Draw) Pick(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[d.rng.IntN(len(list))]
}

func (d *Draw) chance(share float64) bool { return share > 0 && d.rng.Float64() < share }

// appendKey appends a fresh random UUID (RFC 9562 §5.4), as merchants' clients
// send: keys in order of time would flatter the store's index.
func (d *Draw) appendKey(buf []byte) []byte {
	const digits = "0123456789abcdef"
	high, low := d.keys.Uint64(), d.keys.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			buf = append(buf, '-')
		}
		half := high
		if i >= 16 {
			half = low
		}
		buf = append(buf, digits[half>>(60-4*(i%16))&15])
	}
	return buf
}
