import { Empty } from '../../components/empty.tsx';

export default function View() {
  return <Empty icon="judge" title="Judge is not here yet" />;
}
