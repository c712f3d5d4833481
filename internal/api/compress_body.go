package api

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A body may unpack to unpackedFree bytes from anything, and beyond that to ratioMax
// times its size: what people write is packed to a fifth or a twentieth.
const (
	unpackedFree = 64 << 10
	ratioMax     = 100
	windowMax    = 8 << 20 // bytes of history that a zstd frame may ask for; source: RFC 9659 §3
)

// bodyCoding is the one coding of a request's body. Error: ErrEncoding if it is
// unknown, or if there is more than one.
func bodyCoding(header []string) (coding, error) {
	found := asIs
	for _, line := range header {
		for name := range strings.SplitSeq(line, ",") {
			switch c := codingNamed(strings.TrimSpace(name)); {
			case c == asIs:
			case found != asIs:
				return found, ErrEncoding.With("The body is packed more than once. Send it in one coding, gzip or zstd.")
			case c == gzipped || c == zstandard:
				found = c
			default:
				return found, ErrEncoding
			}
		}
	}
	return found, nil
}

// unpack decodes a body that was read whole, in place. Errors: ErrEncodingBroken, ErrTooLarge.
func unpack(body *[]byte, c coding) error {
	unpacked := buffers.Get().(*[]byte)
	defer release(unpacked)
	var err error
	switch c {
	case asIs:
		return nil
	case gzipped:
		*unpacked, err = unpackGzip((*unpacked)[:0], *body)
	default:
		*unpacked, err = unpackZstd((*unpacked)[:0], *body)
	}
	if err != nil {
		return err
	}
	if n := len(*unpacked); n > unpackedFree && n > ratioMax*len(*body) {
		return ErrTooLarge.With("The body unpacks to more than %d times its size. Send it with less compression, or without.", ratioMax)
	}
	*body, *unpacked = *unpacked, *body
	return nil
}

var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

func unpackGzip(out, packed []byte) ([]byte, error) {
	r := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(r)
	if err := r.Reset(bytes.NewReader(packed)); err != nil {
		return out, ErrEncodingBroken.WithCause(err)
	}
	out, err := readAll(out, io.LimitReader(r, bodyMax+1))
	if errors.Is(err, ErrIncomplete) {
		return out, ErrEncodingBroken.WithCause(err)
	}
	return out, err
}

// zstdReader decodes whole bodies, no more at once than there are processors.
var zstdReader = func() *zstd.Decoder {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(windowMax))
	if err != nil {
		panic("api: " + err.Error()) // the options above are constants
	}
	return r
}()

// unpackZstd gives the decoder as much room as it turns out to need. Room that was
// too small is wiped: it may hold a card number.
func unpackZstd(out, packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return out, ErrEncodingBroken // to the decoder no frame at all is well
	}
	for {
		unpacked, err := zstdReader.DecodeAll(packed, out)
		switch {
		case err == nil:
			return unpacked, nil
		case !errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return out, ErrEncodingBroken.WithCause(err)
		case cap(out) >= bodyMax:
			return out, ErrTooLarge
		}
		clear(out[:cap(out)])
		out = make([]byte, 0, min(4*cap(out), bodyMax))
	}
}
