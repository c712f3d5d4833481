package api

import (
	"errors"
	"io"
	"net/http"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// chunkBytes wait before they are written, unless a flush lets them go.
const chunkBytes = 32 << 10

// ErrProtocolOld: an answer of HTTP/1.0 ends when its connection does, whole or not.
var ErrProtocolOld = fault.New(fault.Invalid, "http_version_too_old", "HTTP/1.0 cannot tell a whole export from one that broke off. Call with HTTP/1.1 or newer; a proxy between may need to be told so.")

// errHeaderOnly ends a handler that was asked by HEAD: all is said.
var errHeaderOnly = errors.New("api: the header is all that was asked for")

// serveStream sends the visit through the chain and writes its messages as they come.
// Until the first is written a failure is answered as any; afterwards the answer
// breaks off, so that no reader takes a part for the whole.
func (v *visit) serveStream() {
	v.call.visit = v
	ctx := withCall(v.r.Context(), &v.call) // lives as long as its caller
	s := &restStream{visit: v, control: http.NewResponseController(v.w)}
	defer s.giveBack()
	v.call.beat = s.beat
	through := v.through
	if v.route.method.rule.Endless {
		through = v.throughEndless
	}
	f := settled(through(ctx, s))
	switch {
	case f != nil && v.status != 0 && v.r.Method != http.MethodHead && ctx.Err() == nil && s.tell(f):
		v.blame(f)
	case v.status != 0 && v.r.Method == http.MethodHead:
	case v.status == 0 && f != nil:
		v.putHeader()
		v.refuse(v.placed(f))
	case f == nil && ctx.Err() == nil:
		v.cut = s.finish() != nil
	case f != nil && !(s.lost && f.Kind == fault.Internal):
		v.cut = true
		v.blame(f)
	default: // its reader has gone: nothing broke here
		v.cut, v.status = true, http.StatusOK
	}
}

// restStream is the end of a stream over REST.
type restStream struct {
	*visit
	series  *wire.Series
	scroll  *wire.Scroll
	buffer  *[]byte // nil: nothing waits in it
	control *http.ResponseController
	packer  packer // nil: plain
	lost    bool   // writing has failed
}

// packer packs what is written to it.
type packer interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// Receive decodes the request. It implements [connect.ServerStream].
func (s *restStream) Receive(msg any) error {
	if s.received {
		return io.EOF
	}
	s.received = true
	all := s.route.series()
	if s.series = seriesFor(all, s.r.Header["Accept"]); s.series == nil {
		return ErrNotAcceptable.With("None of the formats in Accept can be answered. Accept %s.", seriesMedia(all))
	}
	if !s.r.ProtoAtLeast(1, 1) {
		return ErrProtocolOld
	}
	if err := s.read(msg.(proto.Message)); err != nil {
		return err
	}
	return s.resume(msg)
}

// Send writes the next message; it goes out with the chunk or the flush.
func (s *restStream) Send(msg any) error {
	if err := s.begin(); err != nil {
		return err
	}
	b := s.out()
	if *b = s.scroll.Append(*b, msg.(proto.Message)); len(*b) < chunkBytes {
		return nil
	}
	return s.drain()
}

// out is where the next bytes go.
func (s *restStream) out() *[]byte {
	if s.buffer == nil {
		s.buffer = buffers.Get().(*[]byte)
		*s.buffer = (*s.buffer)[:0]
	}
	return s.buffer
}

// giveBack lets others use the buffer while nothing waits in it.
func (s *restStream) giveBack() {
	if s.buffer != nil {
		release(s.buffer)
		s.buffer = nil
	}
}

// SendHeaders lets the header go out, and all that has been sent behind it.
func (s *restStream) SendHeaders() error {
	if err := s.begin(); err != nil {
		return err
	}
	err := s.drain()
	if err == nil && s.packer != nil {
		err = s.packer.Flush()
	}
	if err == nil {
		err = s.control.Flush()
	}
	s.lost = s.lost || err != nil
	if s.route.method.rule.Endless {
		s.giveBack()
	}
	return err
}

// begin writes the header, once.
func (s *restStream) begin() error {
	if s.status != 0 {
		return nil
	}
	s.putHeader()
	h := s.w.Header()
	h["Content-Type"] = []string{s.series.Type}
	if s.series.Ending == "csv" { // for people, who keep files
		h["Content-Disposition"] = []string{`attachment; filename="` + path.Base(s.route.pattern) + `.csv"`}
	}
	if s.packer = s.newPacker(); s.packer != nil {
		h["Content-Encoding"] = []string{codingNames[s.packing.coding]}
		s.packer.Reset(s.w)
	}
	s.status = http.StatusOK
	s.w.WriteHeader(s.status)
	if s.r.Method == http.MethodHead {
		return errHeaderOnly
	}
	b := s.out()
	*b, s.scroll = s.series.Begin(*b, s.door.shapes, s.route.method.output)
	return nil
}

// beat shows a reader to whom nothing is sent that the stream is there.
func (s *restStream) beat() error {
	b := s.out()
	*b = s.scroll.AppendBeat(*b)
	return s.SendHeaders()
}

// tell writes why a stream ends, if it was begun in a format that has a place for it.
func (s *restStream) tell(f *fault.Fault) (told bool) {
	if s.scroll == nil || s.lost {
		return false
	}
	b := s.out()
	if *b, told = s.scroll.AppendProblem(*b, problemOf(f, s.call.Request)); told {
		told = s.finish() == nil
	}
	return told
}

// newPacker is what packs the answer, nil for nothing: rather an answer that the caller
// did not want than a secret's length, see [packable]. It is the stream's own as long
// as that lasts, and its memory is bounded by the streams that a key may have.
func (s *restStream) newPacker() packer {
	switch {
	case s.door.secretive[s.route.method.output]:
		return nil
	case s.packing.coding == zstandard:
		return newZstd(zstd.WithEncoderConcurrency(1)) // in this goroutine
	case s.packing.coding == gzipped:
		w, _ := gzip.NewWriterLevel(nil, gzipLevel) // fails on an unknown level only
		return w
	}
	return nil
}

// drain writes what waits.
func (s *restStream) drain() (err error) {
	b := s.out()
	if s.packer != nil {
		_, err = s.packer.Write(*b)
	} else {
		_, err = s.w.Write(*b)
	}
	*b = (*b)[:0]
	s.lost = s.lost || err != nil
	return err
}

// finish writes what stands behind the last message.
func (s *restStream) finish() error {
	if err := s.begin(); err != nil {
		return nil //nolint:nilerr // HEAD, of what is empty
	}
	b := s.out()
	*b = s.scroll.End(*b)
	err := s.drain()
	if err == nil && s.packer != nil {
		err = s.packer.Close()
	}
	return err
}
