/** Data sets that Harrier fetches by their names, besides CIFAR-10: where their files are, and their hashes. */

/** A file, and where it may be fetched. */
export interface KnownFile {
  readonly name: string;
  /** As its publisher and its usual mirrors give it. */
  readonly md5: string;
  /** Tried in turn. */
  readonly urls: readonly string[];
}

/** A data set of files in IDX format (MNIST's own), or in that of CIFAR-100's binary version. */
export interface KnownSet {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly kind: 'idx' | 'cifar100';
  readonly side: number;
  readonly files: readonly KnownFile[];
  /** Absent where a file of the archive names them. */
  readonly classNames?: readonly string[];
}

/** The four files of a set in IDX format: training images, training labels, test images, test labels. */
function idxFiles(md5s: readonly string[], folders: readonly string[]): KnownFile[] {
  const names = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];
  return names.map((start, i) => {
    const name = `${start}-ubyte.gz`;
    return { name, md5: md5s[i], urls: folders.map((folder) => folder + name) };
  });
}

export const KNOWN_SETS: readonly KnownSet[] = [
  {
    name: 'cifar100',
    title: 'CIFAR-100',
    kind: 'cifar100',
    side: 32,
    files: [
      {
        name: 'cifar-100-binary.tar.gz',
        md5: '03b5dce01913d631647c71ecec9e9cb8',
        urls: ['https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz'],
      },
    ],
  },
  {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST',
    kind: 'idx',
    side: 28,
    files: idxFiles(
      [
        '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
        '25c81989df183df01b3e8a0aad5dffbe',
        'bef4ecab320f06d8554ea6380940ec79',
        'bb300cfdad3c16e7a12a480ee83cd310',
      ],
      [
        'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
        'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
      ],
    ),
    classNames: [
      ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'],
      ...['Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
    ],
  },
  {
    name: 'mnist',
    title: 'MNIST',
    kind: 'idx',
    side: 28,
    files: idxFiles(
      [
        'f68b3c2dcbeaaa9fbdd348bbdeb94873',
        'd53e105ee54ea40749a09fcbcd1e9432',
        '9fb629c4189551a2d022fa330f9573f3',
        'ec29112dd5afa0611ce80d1b7f02629c',
      ],
      [
        'https://ossci-datasets.s3.amazonaws.com/mnist/',
        'https://storage.googleapis.com/cvdf-datasets/mnist/',
      ],
    ),
    classNames: Array.from('0123456789'),
  },
];
