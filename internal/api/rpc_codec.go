package api

import (
	"context"
	"io"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/wire"
)

// protoCodec is Protobuf for the RPC protocols: strict with what callers send.
type protoCodec struct{ shapes wire.Shapes }

// Name implements [connect.Codec].
func (protoCodec) Name() string { return connect.CodecNameProto }

// MarshalWrite implements [connect.Codec].
func (c protoCodec) MarshalWrite(_ context.Context, to io.Writer, msg any) (err error) {
	m := msg.(proto.Message)
	var data []byte
	if ours(c.shapes, m) {
		data = c.shapes.EncodeProtobuf(nil, m)
	} else if data, err = proto.Marshal(m); err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

// UnmarshalRead implements [connect.Codec].
func (c protoCodec) UnmarshalRead(_ context.Context, from io.Reader, msg any) error {
	m := msg.(proto.Message)
	return decodeFrom(from, func(data []byte) error {
		if ours(c.shapes, m) {
			return c.shapes.DecodeProtobuf(data, m, 0)
		}
		return proto.Unmarshal(data, m) // health and reflection: their makers may add fields
	})
}

// jsonCodec is the contract's own JSON for the RPC protocols, not protojson: there is
// one JSON. Messages that are not the contract's are protojson's.
type jsonCodec struct{ shapes wire.Shapes }

// Name implements [connect.Codec].
func (jsonCodec) Name() string { return connect.CodecNameJSON }

// MarshalWrite implements [connect.Codec].
func (c jsonCodec) MarshalWrite(_ context.Context, to io.Writer, msg any) (err error) {
	m := msg.(proto.Message)
	var data []byte
	if ours(c.shapes, m) {
		data = c.shapes.EncodeJSON(nil, m)
	} else if data, err = protojson.Marshal(m); err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

// UnmarshalRead implements [connect.Codec].
func (c jsonCodec) UnmarshalRead(_ context.Context, from io.Reader, msg any) error {
	m := msg.(proto.Message)
	return decodeFrom(from, func(data []byte) error {
		if ours(c.shapes, m) {
			return c.shapes.DecodeJSON(data, m, 0)
		}
		return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, m)
	})
}

// ours reports whether m is one of the contract's messages.
func ours(all wire.Shapes, m proto.Message) bool {
	return all[m.ProtoReflect().Descriptor().FullName()] != nil
}

// decodeFrom decodes a whole message and wipes its bytes: they may have held a card
// number, and the library keeps its buffers.
func decodeFrom(from io.Reader, decode func([]byte) error) error {
	if buffer, ok := from.(interface{ Bytes() []byte }); ok {
		data := buffer.Bytes()
		defer clear(data)
		return decode(data)
	}
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	defer clear(data)
	return decode(data)
}
