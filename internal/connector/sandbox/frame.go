package sandbox

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/money"
)

// FrameMax is the longest frame's content, in bytes.
const FrameMax = 64 << 10

const frameHead = 4

var errFrameLength = errors.New("sandbox: a frame is empty or too long")

// Kinds of questions about an earlier operation.
const (
	ask     connector.Kind = "ask"
	abandon connector.Kind = "abandon" // ask, and if it was never seen, never act on it
)

// question is what the client sends.
type question struct {
	Number        uint64         `json:"n"`
	Kind          connector.Kind `json:"kind"`
	Reference     string         `json:"reference"`
	AmountMinor   int64          `json:"amount,omitempty"`
	Currency      money.Currency `json:"currency,omitempty"`
	Original      string         `json:"original,omitempty"`
	Card          *cardData      `json:"card,omitempty"`
	Authenticated bool           `json:"authenticated,omitempty"`
	Final         bool           `json:"final,omitempty"`
}

// cardData is a card on the wire, the one place where its digits are text.
type cardData struct {
	Number string `json:"number"`
	Expiry string `json:"expiry"`
	CVV    string `json:"cvv,omitempty"`
}

// Format keeps the digits out of everything that prints a question.
func (cardData) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "****") }

// outcome is what the rail says of an operation.
type outcome string

const (
	approved       outcome = "approved"
	declined       outcome = "declined"
	actionRequired outcome = "action_required"
	pending        outcome = "pending"   // only to ask: not decided yet
	missing        outcome = "missing"   // only to ask: never seen
	abandoned      outcome = "abandoned" // only to ask and abandon: never seen, and refused from now on
)

// reply is what the rail sends.
type reply struct {
	Number        uint64         `json:"n"`
	Reference     string         `json:"reference"`
	AmountMinor   int64          `json:"amount,omitempty"`
	Currency      money.Currency `json:"currency,omitempty"`
	Outcome       outcome        `json:"outcome"`
	RailReference string         `json:"rail_reference,omitempty"`
	Code          string         `json:"code,omitempty"` // ISO 8583 field 39
	Reason        string         `json:"reason,omitempty"`
	Dispute       string         `json:"dispute,omitempty"`
	Return        string         `json:"return,omitempty"`
}

// frame gives v as one frame.
func frame(v any) ([]byte, error) {
	content, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	defer clear(content)
	if len(content) > FrameMax {
		return nil, errFrameLength
	}
	b := make([]byte, frameHead, frameHead+len(content))
	binary.BigEndian.PutUint32(b, uint32(len(content)))
	return append(b, content...), nil
}

// readFrame reads one frame's content into buf, which must hold [FrameMax], and
// gives the part that it filled.
func readFrame(r *bufio.Reader, buf []byte) ([]byte, error) {
	head, err := r.Peek(frameHead)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n == 0 || n > FrameMax {
		return nil, errFrameLength
	}
	if _, err := r.Discard(frameHead); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(r, buf[:n])
	return buf[:n], err
}
