package turdbarrow

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory/mallocator"
)

// C keeps batches while it reads a stream, and must not keep pointers to memory of Go's garbage collector, where arrow-go allocates by
// default: batches are copied, column by column, unless InC says that they lie elsewhere.

var inC = mallocator.NewMallocator()

// InC promises that the batches of a reader lie in memory of C, because the allocator of mallocator made them, or because another
// library gave them by Arrow's C interfaces. Append and Register do not copy them then.
func InC(rows array.RecordReader) array.RecordReader { return readerInC{rows} }

type readerInC struct{ array.RecordReader }

func liesInC(rows array.RecordReader) bool {
	switch rows.(type) {
	case readerInC, *reader:
		return true
	}
	return false
}

// moveToC gives a copy of the batch, to be released.
func moveToC(batch arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, batch.NumCols())
	defer func() {
		for _, column := range columns {
			if column != nil {
				column.Release()
			}
		}
	}()
	for i := range columns {
		copied, err := copyToC(batch.Column(i))
		if err != nil {
			return nil, err
		}
		columns[i] = copied
	}
	return array.NewRecordBatch(batch.Schema(), columns, batch.NumRows()), nil
}

func copyToC(column arrow.Array) (arrow.Array, error) {
	copied, err := array.Concatenate([]arrow.Array{column}, inC)
	if err != nil {
		return nil, err
	}
	defer copied.Release()
	data, err := copyDictionaries(copied.Data())
	if err != nil {
		return nil, err
	}
	defer data.Release()
	return array.MakeFromData(data), nil
}

// copyDictionaries makes up for Concatenate, which keeps the dictionary of a single array.
func copyDictionaries(data arrow.ArrayData) (arrow.ArrayData, error) {
	if dictionary, ok := data.Dictionary().(*array.Data); ok && dictionary != nil {
		values := array.MakeFromData(dictionary)
		defer values.Release()
		copied, err := copyToC(values)
		if err != nil {
			return nil, err
		}
		defer copied.Release()
		return array.NewDataWithDictionary(data.DataType(), data.Len(), data.Buffers(), data.NullN(), data.Offset(),
			copied.Data().(*array.Data)), nil
	}
	children := make([]arrow.ArrayData, len(data.Children()))
	defer func() {
		for _, child := range children {
			if child != nil {
				child.Release()
			}
		}
	}()
	for i, child := range data.Children() {
		copied, err := copyDictionaries(child)
		if err != nil {
			return nil, err
		}
		children[i] = copied
	}
	return array.NewData(data.DataType(), data.Len(), data.Buffers(), children, data.NullN(), data.Offset()), nil
}
