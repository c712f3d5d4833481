package api

import (
	"runtime"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/wire"
)

const (
	// packFrom is the size in bytes from which an answer is packed. A smaller one
	// fits, header and all, into one segment of 1,460 bytes, and packed takes one too.
	packFrom = 1024
	// gzipLevel is where more work stops to pay: level 5 takes twice the time for
	// 3 % less of a list of 100 payments. zstd's fastest level is as small as its next.
	gzipLevel = 3
	// windowBytes is as far as zstd looks back: most lists are shorter.
	windowBytes = 256 << 10
)

// packing is how an answer goes out.
type packing struct {
	coding coding
	forced bool // the caller does not take identity
}

// packable reports whether answers of the route may be compressed: the one place
// that decides it.
//
// How long a compressed body is tells how much of it repeats. Who can put text of
// their own beside a secret, and can see how long the encrypted answer is, learns
// the secret bit by bit (BREACH, CVE-2013-3587). So the two never meet in a
// compressed body. An answer to POST or DELETE, which shows new keys and repeats
// what was just sent, is never compressed; a problem, which repeats names, is not
// either. An answer to GET has stored objects only, and shows no secrets:
// [visit.pack] holds it to that.
func packable(r *route) bool { return r.verb == "GET" && r.method != nil }

// secretive are the shapes in which a secret may stand, at any depth.
type secretive map[*wire.Shape]bool

func newSecretive(all wire.Shapes) secretive {
	found := secretive{}
	for before := -1; before != len(found); {
		before = len(found)
		for _, s := range all {
			for _, x := range s.Members {
				if x.Secret || found[x.Sub] {
					found[s] = true
				}
			}
		}
	}
	return found
}

// shown reports whether a secret stands in m.
func (t secretive) shown(m protoreflect.Message, s *wire.Shape) bool {
	if !t[s] {
		return false
	}
	for _, x := range s.Members {
		switch {
		case !m.Has(x.Field):
		case x.Secret:
			return true
		case x.Sub == nil:
		case !x.List:
			if t.shown(m.Get(x.Field).Message(), x.Sub) {
				return true
			}
		default:
			for i, list := 0, m.Get(x.Field).List(); i < list.Len(); i++ {
				if t.shown(list.Get(i).Message(), x.Sub) {
					return true
				}
			}
		}
	}
	return false
}

// pack compresses m's body in place, if that was agreed and is worth it, and says
// so in the header.
func (v *visit) pack(body *[]byte, m proto.Message) {
	p := v.packing
	if p.coding == asIs || len(*body) < packFrom && !p.forced {
		return
	}
	if v.door.secretive.shown(m.ProtoReflect(), v.route.method.output) {
		return // rather an answer that the caller did not want than a secret's length
	}
	packed := buffers.Get().(*[]byte)
	defer release(packed)
	*packed = packers[p.coding]((*packed)[:0], *body)
	if len(*packed) >= len(*body) && !p.forced {
		return
	}
	*body, *packed = *packed, *body
	h := v.w.Header()
	h["Content-Encoding"] = []string{codingNames[p.coding]}
	if p.coding == dcz {
		h["Vary"] = varyByDictionary
	}
}

// packers append the packed form of a body. No more run at once than there are
// processors, so their memory is bounded, and none is held while an answer waits
// for a slow reader.
var packers = [codings]func(out, body []byte) []byte{
	dcz:       packDCZ,
	zstandard: func(out, body []byte) []byte { return plainZstd.EncodeAll(body, out) },
	gzipped:   packGzip,
}

var plainZstd = newZstd()

// newZstd is an encoder for whole bodies; its memory is taken at its first use.
func newZstd(more ...zstd.EOption) *zstd.Encoder {
	encoder, err := zstd.NewWriter(nil, append([]zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(windowBytes), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false), // the transport has its own
		zstd.WithZeroFrames(true),  // an empty body is a frame too
	}, more...)...)
	if err != nil {
		panic("api: " + err.Error()) // the options above are constants
	}
	return encoder
}

// gzipWriters are the idle ones; a nil one is made when it is first needed.
var gzipWriters = func() chan *gzip.Writer {
	idle := make(chan *gzip.Writer, runtime.GOMAXPROCS(0))
	for range cap(idle) {
		idle <- nil
	}
	return idle
}()

func packGzip(out, body []byte) []byte {
	w := <-gzipWriters
	if w == nil {
		w, _ = gzip.NewWriterLevel(nil, gzipLevel) // fails on an unknown level only
	}
	defer func() { gzipWriters <- w }()
	to := (*appender)(&out)
	w.Reset(to)
	_, _ = w.Write(body) // an appender takes all
	_ = w.Close()
	w.Reset(nil)
	return out
}

// appender is a writer at the end of a slice.
type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
