import { Empty } from '../../components/empty.tsx';

export default function View() {
  return <Empty icon="teach" title="Teach is not here yet" />;
}
