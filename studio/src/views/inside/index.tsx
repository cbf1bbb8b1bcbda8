import { Empty } from '../../components/empty.tsx';

export default function View() {
  return <Empty icon="inside" title="Look inside is not here yet" />;
}
