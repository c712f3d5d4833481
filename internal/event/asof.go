package event

import (
	"context"

	"google.golang.org/protobuf/proto"
)

// AsOf tells what objects were right after the event of a number, by their ids: each as
// its last event up to there has it. What had none yet is left out. The log is never
// changed, so the answer is the same whenever it is asked for.
func (l *Log) AsOf(ctx context.Context, sequence int64, objects []string) (map[string]proto.Message, error) {
	if len(objects) == 0 {
		return nil, nil
	}
	list, err := l.lastUpTo(ctx, sequence, objects)
	if err != nil {
		return nil, err
	}
	were := make(map[string]proto.Message, len(list))
	for i := range list {
		if err := list[i].decode(); err != nil {
			return nil, err
		}
		were[list[i].Fact.Object] = list[i].Object()
	}
	return were, nil
}
