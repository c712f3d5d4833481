package api

import (
	"errors"
	"net/http"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
)

const (
	realm        = ` realm="florin"`
	authenticate = schemeBearer + realm // Source: RFC 6750 §3
)

// respond writes the answer that the chain agreed to.
func (v *visit) respond() {
	c := v.door.codecs.writes(v.r.Header["Accept"])
	if v.call.flight != nil && v.packing.coding == asIs {
		v.send(http.StatusOK, c.answer, v.call.flight.body(c))
		return
	}
	v.write(http.StatusOK, c.answer, c, v.answer)
}

// refuse writes f as a problem: to a caller of an RPC in its protocol, else in a format
// that the caller accepts if there is one.
func (v *visit) refuse(f *fault.Fault) {
	v.blame(f)
	if v.protocol != protocolREST {
		_ = v.door.rpc.errors.Write(v.w, v.r, v.rpcError(f)) // fails only if the caller is gone
		return
	}
	c := v.door.codecs.complains(v.r.Header["Accept"])
	v.write(v.status, c.problem, c, problemOf(f, v.call.Request))
}

// blame notes f as what the visit came to, and sets the headers that go with it.
func (v *visit) blame(f *fault.Fault) {
	v.fault, v.status = f, answers[f.Kind].status
	v.packing = packing{} // a problem repeats names that a caller sent: see packable
	h := v.w.Header()
	if wait := retryAfter(f); wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(wholeSeconds(wait), 10))
	}
	if f.Kind == fault.Unauthenticated {
		h.Set("WWW-Authenticate", v.challenge(f))
	}
	if errors.Is(f, ErrEncoding) {
		h.Set("Accept-Encoding", readCodings) // Source: RFC 9110 §15.5.16
	}
}

func (v *visit) challenge(f *fault.Fault) string {
	if v.call.challenge != "" {
		return v.call.challenge
	}
	if errors.Is(f, fault.ErrBadCredentials) {
		return authenticate + `, error="invalid_token"`
	}
	return authenticate
}

func (v *visit) write(status int, contentType []string, c *codec, m proto.Message) {
	buffer := buffers.Get().(*[]byte)
	defer release(buffer)
	*buffer = c.encode((*buffer)[:0], m)
	v.pack(buffer, m)
	v.send(status, contentType, *buffer)
}

func (v *visit) send(status int, contentType []string, body []byte) {
	h := v.w.Header()
	h["Content-Type"] = contentType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	v.status = status
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // fails only if the caller is gone, who will retry
}
