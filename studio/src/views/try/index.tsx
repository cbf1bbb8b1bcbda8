import { Empty } from '../../components/empty.tsx';

export default function View() {
  return <Empty icon="try" title="Try it is not here yet" />;
}
